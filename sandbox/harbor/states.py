"""Harbor's state table of a locker: which cause leads from which status to which.

Guarantees: a pair that is not in TABLE does not happen. From Harbor's diagram (make_a_delivery,
locker_statuses); the rows marked INFERRED are needed but not drawn there.
"""

from __future__ import annotations

import enum


class Status(enum.Enum):
    """A locker's status, as named on the wire."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    RENTED = "rented"
    OCCUPIED = "occupied"
    DECLINED = "declined"
    OUT_OF_SERVICE = "out of service"


STATUS_IDS = {status: number for number, status in enumerate(Status, start=1)}
"""Only `available` = 1 is known of Harbor's; the others merely differ."""


class Cause(enum.Enum):
    """What may move a locker, in the words of Harbor's diagram where it has any."""

    RESERVE = "createReservation"
    CANCEL = "cancelReservation"
    RESERVATION_EXPIRED = "reservation expired"
    DROP_OFF_TOKEN = "createDropOffToken"
    PICK_UP_TOKEN = "createPickUpToken"
    RELEASE = "releaseLocker"
    DROP_OFF_USED = "drop-off token used"
    PICK_UP_USED = "pick-up token used"
    RELEASE_SET = "release token set"
    RENTAL_EXPIRED = "drop-off token expired"
    REVERTED = "drop-off reverted"


TABLE: dict[tuple[Status, Cause], Status] = {
    (Status.AVAILABLE, Cause.RESERVE): Status.RESERVED,
    (Status.AVAILABLE, Cause.DROP_OFF_TOKEN): Status.RENTED,
    (Status.RESERVED, Cause.CANCEL): Status.AVAILABLE,
    (Status.RESERVED, Cause.RESERVATION_EXPIRED): Status.AVAILABLE,
    (Status.RESERVED, Cause.DROP_OFF_TOKEN): Status.RENTED,
    (Status.RENTED, Cause.DROP_OFF_TOKEN): Status.RENTED,
    (Status.RENTED, Cause.RELEASE): Status.DECLINED,
    (Status.RENTED, Cause.DROP_OFF_USED): Status.OCCUPIED,
    # INFERRED: the locker stays in one's possession "until the token expires".
    (Status.RENTED, Cause.RENTAL_EXPIRED): Status.AVAILABLE,
    (Status.DECLINED, Cause.DROP_OFF_USED): Status.OCCUPIED,
    (Status.DECLINED, Cause.RELEASE_SET): Status.AVAILABLE,
    (Status.OCCUPIED, Cause.DROP_OFF_TOKEN): Status.OCCUPIED,
    (Status.OCCUPIED, Cause.PICK_UP_TOKEN): Status.OCCUPIED,
    # INFERRED: a drop-off token made for an occupied locker opens it and changes nothing.
    (Status.OCCUPIED, Cause.DROP_OFF_USED): Status.OCCUPIED,
    (Status.OCCUPIED, Cause.PICK_UP_USED): Status.AVAILABLE,
    # INFERRED: after "doesn't fit" the rental is cancelled.
    (Status.OCCUPIED, Cause.REVERTED): Status.AVAILABLE,
}
