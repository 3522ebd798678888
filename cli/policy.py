"""What the core needs to know of the settings, as the one value that it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.business import Business
from bot.domain.ids import PersonId
from bot.domain.limits import Limits
from bot.domain.policy import Policy

if TYPE_CHECKING:
    from cli.settings import Settings


def policy_of(settings: Settings) -> Policy:
    """All of it."""
    prepared = timedelta(days=settings.prepared_days)
    return Policy(
        reservation=timedelta(seconds=settings.reservation_seconds),
        drop_off=timedelta(seconds=settings.drop_off_token_seconds),
        pick_up=timedelta(seconds=settings.pick_up_token_seconds),
        storage=timedelta(hours=settings.storage_hours),
        watch=timedelta(seconds=settings.watch_seconds),
        link_hold=timedelta(seconds=settings.link_seconds),
        link_lasts=timedelta(seconds=settings.pick_up_link_seconds),
        orphan_grace=timedelta(seconds=settings.orphan_grace_seconds),
        wait=timedelta(hours=settings.wait_hours),
        head_start=timedelta(seconds=settings.head_start_seconds),
        waits=settings.waits,
        wait_look=timedelta(seconds=settings.wait_look_seconds),
        prepared=prepared,
        prepared_warning=min(timedelta(hours=settings.prepared_warning_hours), prepared / 2),
        first_reminder=timedelta(hours=settings.first_reminder_hours),
        last_reminder=timedelta(hours=settings.last_reminder_hours),
        awaited_reminder=timedelta(hours=settings.awaited_reminder_hours),
        hold_warning=timedelta(
            seconds=min(settings.hold_warning_seconds, _shortest_hold(settings) / 2)
        ),
        extension=timedelta(hours=settings.extension_hours),
        extensions=settings.extensions,
        openers=settings.opener,
        tower_openers={tower.id: tower.given(settings.opener) for tower in settings.towers or ()},
        app_name=settings.app_name,
        app_link=settings.app_link,
        operators=_people(settings.operator_chat_ids),
        tower_operators={
            tower.id: _people(tower.operators) for tower in settings.towers or () if tower.operators
        },
        operator_group=settings.operator_group,
        business=Business(
            settings.business_name,
            settings.support_contact,
            settings.privacy_address,
            settings.terms_url,
        ),
        limits=Limits(settings.live_deliveries, settings.holds, settings.bookings_an_hour),
    )


def _shortest_hold(settings: Settings) -> int:
    return min(settings.reservation_seconds, settings.drop_off_token_seconds, settings.link_seconds)


def _people(chats: Iterable[int]) -> frozenset[PersonId]:
    """Those of the ids that are a person's."""
    return frozenset(PersonId(chat) for chat in chats if chat > 0)
