"""The story of a parcel, told once for every fault of Harbor and Telegram at every step of it."""
