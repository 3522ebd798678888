"""The locker edge: speaks Harbor's service-provider API, and is alone in knowing its wire."""
