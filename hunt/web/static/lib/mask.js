// The names of other players, as they are shown.

/** Return a player's masked name, as the public stream shows it (`mask` in hunt/core/player_ids.py). */
export function mask(player) {
  if (/^guest-[0-9a-f]{16}$/.test(player)) return `guest ${player.slice(6, 12)}`;
  return player.length < 6 ? `${player[0]}…` : `${player.slice(0, 2)}…${player.at(-1)}`;
}
