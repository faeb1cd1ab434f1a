"""What the apps' addresses share."""


def identifier(name: str) -> str:
    """A pattern for an identifier of the client's, which may hold any character but NUL, slashes too."""
    return rf"(?P<{name}>[^\x00]{{1,255}}?)"
