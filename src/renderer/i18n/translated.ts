/** The same keys as English; Spanish has a third plural form (`many`: a million and more). */
export type Translated<Source> = {
  readonly [Key in keyof Source]: Source[Key] extends string ? string : Translated<Source[Key]>;
} & { readonly [Key in keyof Source as Key extends `${infer Base}_other` ? `${Base}_many` : never]: string };
