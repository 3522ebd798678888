"""What is true of aiohttp for whoever speaks through it; knows neither Telegram nor Harbor."""
