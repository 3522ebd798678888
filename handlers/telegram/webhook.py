"""Telegram told where to deliver, and told again where somebody has told it otherwise.

Guarantees: only updates of the kinds that are taken are asked for; where Telegram delivers
elsewhere, or can't deliver, `hearing` is told so with the reason.
Source: Bot API, setWebhook and getWebhookInfo.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from telegram import Bot

from bot.domain.alerts import Unheard
from bot.ports.clock import Clock
from bot.ports.errors import Refused, TryLater
from handlers.telegram import shape
from handlers.telegram.asking import Asking

_LOOKED_AFTER = timedelta(seconds=40)
"""Twice in the time after which a bot that hears nobody says so."""
_ELSEWHERE = "another process had Telegram deliver elsewhere, or nowhere"


class Webhook:
    """Delivery to `url`, with `secret` in its header, over so many `connections` at most."""

    def __init__(
        self, asking: Asking, clock: Clock, url: str, secret: str, connections: int
    ) -> None:
        self._asking, self._clock = asking, clock
        self._url, self._secret, self._connections = url, secret, connections

    async def set(self, bot: Bot) -> None:
        """Have updates delivered from now on. Raises Misconfigured, Refused, Stopped."""
        await self._asking.answer(lambda: self._set(bot), ending=Refused)

    async def stay(self, bot: Bot) -> None:
        """Look again and again whether Telegram still delivers there. Raises Misconfigured,
        Stopped."""
        asking, looked = self._asking, self._clock.now()
        while True:
            await asking.pause(_LOOKED_AFTER)
            info = await asking.answer(bot.get_webhook_info, quiet=True)
            since, looked = looked, self._clock.now()
            if info.url != self._url:
                asking.hearing.failed(_ELSEWHERE, Unheard.ELSEWHERE)
                await asking.answer(lambda: self._set(bot), quiet=True)
            elif info.pending_update_count and _since(info.last_error_date, since):
                why = f"Telegram can't deliver: {info.last_error_message}"
                asking.hearing.failed(why, Unheard.UNDELIVERED)
            else:
                asking.hearing.heard()

    async def _set(self, bot: Bot) -> None:
        done = await bot.set_webhook(
            self._url,
            secret_token=self._secret,
            max_connections=self._connections,
            allowed_updates=shape.KINDS,
        )
        if not done:
            raise TryLater("Telegram did not set the webhook")


def _since(moment: datetime | None, since: datetime) -> bool:
    return moment is not None and moment >= since.replace(microsecond=0)  # Telegram's own grain
