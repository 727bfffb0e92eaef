// The mark: three bars of a sound wave that read as a T.
export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="var(--tt-signal)" aria-hidden="true">
      <rect x="2" y="3" width="4" height="5.5" rx="2" />
      <rect x="8" y="3" width="4" height="14" rx="2" />
      <rect x="14" y="3" width="4" height="5.5" rx="2" />
    </svg>
  );
}
