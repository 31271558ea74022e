refused-pace = You write faster than this server allows. Wait { $seconds } s, then send it again.
