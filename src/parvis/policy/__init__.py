"""What may be done: the only package that refuses."""
