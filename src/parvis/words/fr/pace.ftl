refused-pace = Vous écrivez plus vite que ce serveur ne le permet. Attendez { $seconds } s, puis renvoyez-le.
