// Ids of reward events: the epoch of the log and the sequence number of the reward, as in `k3-17`.

/** Return the id of the event with this sequence number. */
export const eventId = (epoch, seq) => `${epoch}-${seq}`;

/** Return the sequence number in an event id; 0 if the id is empty. */
export const seqOf = (id) => Number(id.split("-")[1] ?? 0);
