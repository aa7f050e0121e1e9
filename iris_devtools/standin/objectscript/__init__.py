"""Class calls of the Native API: the system classes that administration needs."""
