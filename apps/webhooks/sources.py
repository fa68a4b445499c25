"""Names of the doors that requests come in by: `InboundEvent.source`, and the key of their processing."""

TWILIO_MESSAGE = "twilio.message"
TWILIO_STATUS = "twilio.status"
