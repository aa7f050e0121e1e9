"""The terminal: what ``iris session`` talks to. One line at a time, in the words of ObjectScript."""
