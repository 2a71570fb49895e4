"""The calibration harness: thousands of orders through the real engine, forecast and scored."""
