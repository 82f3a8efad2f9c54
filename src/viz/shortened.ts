/**
 * A text of at most so many letters. What draws cuts texts too, but knows no widths where there is no screen, and cuts far too
 * early.
 */
export const shortened = (text: string, longest: number): string => {
  const letters = Array.from(text);
  return letters.length <= longest ? text : `${letters.slice(0, longest - 1).join('')}…`;
};
