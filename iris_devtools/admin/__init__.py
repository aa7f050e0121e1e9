"""What an administrator does over the wire: databases, files, namespaces, processes."""
