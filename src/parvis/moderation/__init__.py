"""Services beside the chat: terms, holds, openings, cases. They use ports only, and block: never on the loop."""
