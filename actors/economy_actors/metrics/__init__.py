"""What operators see: logs, metrics, health over HTTP, and word to systemd."""
