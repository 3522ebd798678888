"""The parcel pages put together, over a bot that is assembled."""

from __future__ import annotations

from bot.domain.situation import Links
from bot.usecases.surroundings import KnownSurroundings
from cli.assembly import Assembly
from handlers.telegram.links import links_to
from web.pages import Pages, Where


def parcel_pages(assembly: Assembly, where: Where, *, key: bytes, locale: str) -> Pages:
    """Pages at `where`. Until the bot knows its own name they link to no chat."""

    def links() -> Links:
        met = assembly.receiver.introduced.is_set()
        return links_to(assembly.application.bot.username) if met else Links()

    database, clock, policy = assembly.database, assembly.clock, assembly.policy
    known = KnownSurroundings(database, clock, policy, links)
    return Pages(database, clock, policy, known, where, key=key, locale=locale)
