"""The system classes that clients call over the native API, by class name and method name."""
