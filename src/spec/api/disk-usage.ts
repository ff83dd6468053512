/** `DataRoot` of GET /system/df?total=1, Berth's own: what everything takes on disk, in bytes, as du(1) counts. */
export interface DataRootUsage {
  Path: string;
  Total: number;
  Parts: { Name: string; Size: number }[];
}
