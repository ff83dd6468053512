import { randomBytes, randomInt } from "node:crypto";

/** Hexadecimal text of that many random bytes: 32 of them are a container's id. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}

const adjectives = (
  "able agile amber apt azure balmy blithe bold brave breezy bright brisk calm candid careful cheerful chief civil " +
  "clear clever cosy crisp curious dapper daring dear deft eager early earnest easy even fair faithful fast fine firm " +
  "fluent fond frank free fresh gentle glad golden good grand great green handy happy hardy hearty helpful honest " +
  "hopeful humble jolly jovial keen kind lively loyal lucid lucky mellow merry mild modest neat nimble noble open " +
  "patient plucky polite prime prompt proud quick quiet rapid ready robust rosy sage serene sharp silver sincere snug " +
  "solid sound spry stable steady stellar sturdy sunny sure swift tender tidy trim true trusty upbeat valiant vivid " +
  "warm wise witty worthy young zesty"
).split(" ");

const surnames = (
  "abel ampere anning archimedes aryabhata avogadro babbage banneker bell bernoulli bessel blackwell bohr boole bose " +
  "brahe burnell cannon carson carver cassini cauchy celsius chandrasekhar curie dalton darwin descartes dirac ekeblad " +
  "elion erdos euclid euler faraday fermat fermi feynman fibonacci fourier franklin galilei galois gauss germain " +
  "goeppert goldberg hamilton heaviside hertz herschel hilbert hodgkin hopper hypatia jemison johnson joliot joule " +
  "kepler khayyam khorana kovalevskaya lagrange lamarr laplace leavitt leibniz liskov lovelace maathai maxwell meitner " +
  "mendel mendeleev mirzakhani montalcini napier newton nightingale noether ohm pascal pasteur payne planck poincare " +
  "ptolemy raman ramanujan ride riemann ritchie rubin sagan salk sanger shannon sinoussi somerville tesla thompson " +
  "torvalds turing vaughan volta watt wiles wilson wing wozniak wright wu yalow yonath"
).split(" ");

/** A name for a container that was given none: adjective_surname. After a clash, pass the attempt: from 1 on a digit is added. */
export function randomName(attempt = 0): string {
  const name = `${adjectives[randomInt(adjectives.length)]}_${surnames[randomInt(surnames.length)]}`;
  return attempt === 0 ? name : `${name}${randomInt(10)}`;
}
