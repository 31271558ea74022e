"""What the law asks for: retention, holds, openings. Pure: time comes in."""
