"""Client connections below Quart: the classes by which hunt replaces Hypercorn's."""

from __future__ import annotations

from hunt.compatibility import check


def install() -> None:
    """Make Hypercorn's Trio worker use hunt's connections; see `hunt.edge.installation`.

    Raises:
        SettingsError: An installed package is not compatible; see `hunt.compatibility`.
    """
    # Imported here, because the check must precede the import of private names.
    from hunt.edge.compatibility import PACKAGES

    check(*PACKAGES)
    from hunt.edge import installation

    installation.install()
