"""The commands of the command line: one module each, with its arguments, its verb and its printer."""
