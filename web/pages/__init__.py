"""The parcel page: HTML over what may be known of a parcel, for people without Telegram.

`views` answers requests, `forms` says which POST counts, `visitors` who asks how often, `drawing`
turns a page's value into bytes and headers, `where` is the public address and what follows from it.
"""

from web.pages.views import Pages
from web.pages.where import Where

__all__ = ["Pages", "Where"]
