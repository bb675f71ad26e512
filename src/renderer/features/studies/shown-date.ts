/** DICOM's DA (YYYYMMDD, PS3.5 table 6.2-1) as 2026-01-31; anything else as it is. */
export function shownDate(date: string): string {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(date);
  return parts === null ? date : `${parts[1]}-${parts[2]}-${parts[3]}`;
}
