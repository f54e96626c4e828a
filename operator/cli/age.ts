/** Time since `at` as kubectl writes it: 45s, 12m, 3h, 5d; "" where `at` is no time. */
export function age(at: string | undefined, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(at ?? "")) / 1000));
  if (Number.isNaN(seconds)) return "";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
