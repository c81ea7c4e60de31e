"""The book as a folder of web pages that needs no server: ``python -m tools.site build``, then ``serve``."""
