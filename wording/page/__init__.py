"""What the parcel page says: pure functions from what may be known to a `Page`, which `web` draws.

Guarantees: what anybody may see (`anybody`) is made of a value that holds no name, door or code;
texts are plain, without markup, so that whoever draws them has to escape them all.
"""
