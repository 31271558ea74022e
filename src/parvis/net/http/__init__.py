"""HTTP: the pages and the server that carries them. Imported when an HTTP listener is served, and not before."""
