"""Links into Telegram: to the bot's own chat, and to Telegram's way of forwarding a link.

Source: https://core.telegram.org/api/links
"""

from __future__ import annotations

from bot.domain.ids import DeliveryId
from bot.domain.situation import Links

OPERATIONS = "ops"
"""With what a payload begins that leads operators to a delivery, or to their overview."""


def links_to(bot: str, page: str = "") -> Links:
    """The links of the bot with this username; `page`: see `Links`."""
    chat = f"https://t.me/{bot}"
    return Links(
        chat=chat,
        opening=f"{chat}?start={{payload}}",
        sharing="https://t.me/share/url?url={link}&text={text}",
        page=page,
    )


def operations_payload(delivery: DeliveryId | None) -> str:
    """What `/start` carries when an operator follows a link from the group."""
    return OPERATIONS if delivery is None else f"{OPERATIONS}_{delivery}"
