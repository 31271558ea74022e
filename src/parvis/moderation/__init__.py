"""Services of those who answer for the server: openings, terms, holds. They use ports and know no client."""
