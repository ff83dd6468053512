/** API path of an image; the slashes of its name stay. */
export const imagePath = (name: string): string => `/images/${name.split("/").map(encodeURIComponent).join("/")}`;
