// The pictures of the page. The placeholders are WebP of 24 pixels, written by `demo.py --placeholders`.

export const GALLERY = [
  { path: "/coffee.png", width: 600, height: 400, title: "Espresso", alt: "A cup of espresso on a wooden table, seen from above", placeholder: "data:image/webp;base64,UklGRpQAAABXRUJQVlA4IIgAAAAwBQCdASoYABAAPzmEuVOvKKWisAgB4CcJbACdLwACH5VYVyqGJo9nvx2tB9Brvcs6AAD+0NYGckvDdOOwdgbN+mDKVkjeXb5nSI4VO0Ekw7qXS+jMFY26JUtesElFIHAFXSmQXfy6920wfwWyjaHGv4yz4KupxezVowq0qjmVRNtKCV0JbAAA" },
  { path: "/flower.jpg", width: 640, height: 427, title: "Dahlia", alt: "An orange dahlia before dark leaves", placeholder: "data:image/webp;base64,UklGRoYAAABXRUJQVlA4IHoAAADQBACdASoYABAAPzmEuVOvKKWisAgB4CcJbACdL1ACHOmnanNzYqZsI4GcmC9giAD+y+njlHROgmqSCk3vhe8vtbPuVSXdeNKYel94MzcM8trbRtrDIUac/ufGWzQaWrW4gwrHhMnfdwMFb84BB1+jbSVQCk4gUcAAAA==" },
  { path: "/chelsea.png", width: 451, height: 300, title: "Chelsea", alt: "A tabby cat looking to the right", placeholder: "data:image/webp;base64,UklGRogAAABXRUJQVlA4IHwAAAAwBQCdASoYABAAPzmGuVOvKSWisAgB4CcJZgCdMoR3AC/BuT9zb5uFlwH8jdMIo7IdQADMcr0wRLwUW6oBo/dm8F43ovHdlbllx/yHZpBwVQf30i+oPB//6+GIZOItU4CdE4GQoxyVswT/Rta9Z62wmqgO7frBbOk1BwAA" },
  { path: "/rocket.jpg", width: 640, height: 427, title: "Night launch", alt: "A rocket on its pad at night, lit by floodlights", placeholder: "data:image/webp;base64,UklGRmgAAABXRUJQVlA4IFwAAACwBACdASoYABAAPzmGuVOvKSWisAgB4CcJYgCdIIjDfhsUVVdIelRxt2fWzvpoAP7YsAptFpOzI0pqZg16yT8dKhuSjEWkzUZiwpz5/erkqe4XlpoOsqE/Kx0AAA==" },
  { path: "/camera.png", width: 512, height: 512, title: "Cameraman", alt: "A man with a film camera on a meadow, in black and white", placeholder: "data:image/webp;base64,UklGRooAAABXRUJQVlA4IH4AAADwBQCdASoYABgAPzmIvFSvKSYjKA1R4CcJaQAAM3Tr67DT3/NVSlkY7KEW/713rffy9rT72XlvAAD+rrH9uPT3yJM/cqa2pi6xQrr4RybiCFmNL6cm3OU9oM36ki4Yl0zmkduoovyEmqqcsgTbWUWV+7yrs7RI4MJHN7Q8AAA=" },
  { path: "/astronaut.png", width: 512, height: 512, title: "Commander", alt: "An astronaut in an orange suit before a flag", crop: "face", placeholder: "data:image/webp;base64,UklGRvoAAABXRUJQVlA4IO4AAACwBgCdASoYABgAPzmQvVgvKaYjqAqp4CcJbADChbLSAgb1svwfGepYzVvM1Npbf1XfBxLc8oTph9IQ5P40AAD9vckBEa6EcfO1Jyz3cDRpPmAgeOVy/1xMG/s1s8akHzuCVPDYpSJQvpOLdYWlSosDJW4m/BsRg8odqW6yY+Yx8LLQ1kGWIl5GzwVcxTeXzYNPhXFqiv3mkw9X64b7y34DEkNSkqx8sEjD03W5D7QfXNsnptfRfDWfyi7zbRlhCtHvGFegvlAK4WdfK6z8g9epGdNj11zxAP+F05UL8JfRxDynM9cUBAgj4lxqjsAA" },
];

export const PEOPLE = [
  { path: "/astronaut.png", width: 512, height: 512, name: "Eileen Collins", about: "The first woman who commanded a Space Shuttle.", alt: "Eileen Collins", placeholder: "data:image/webp;base64,UklGRvoAAABXRUJQVlA4IO4AAACwBgCdASoYABgAPzmQvVgvKaYjqAqp4CcJbADChbLSAgb1svwfGepYzVvM1Npbf1XfBxLc8oTph9IQ5P40AAD9vckBEa6EcfO1Jyz3cDRpPmAgeOVy/1xMG/s1s8akHzuCVPDYpSJQvpOLdYWlSosDJW4m/BsRg8odqW6yY+Yx8LLQ1kGWIl5GzwVcxTeXzYNPhXFqiv3mkw9X64b7y34DEkNSkqx8sEjD03W5D7QfXNsnptfRfDWfyi7zbRlhCtHvGFegvlAK4WdfK6z8g9epGdNj11zxAP+F05UL8JfRxDynM9cUBAgj4lxqjsAA" },
  { path: "/grace_hopper.jpg", width: 512, height: 600, name: "Grace Hopper", about: "Rear admiral, and author of one of the first compilers.", alt: "Grace Hopper", placeholder: "data:image/webp;base64,UklGRvQAAABXRUJQVlA4IOgAAABQBwCdASoYABwAPzmIvFYvKKYjsBgIAeAnCWwAtOswAG7aADeenuDHk4cp9/ZCOwkh6WW5trNJPE/SY5TPWiM1ZaAAAP68iNGvrUpO2ezzLpNUSErhLTC+QFnyk4fi95TY42ptIaNQntS6lBLGpEKQ/IV1M7DqmHwOFfLRzHgHeIQCcaaF3ZYl+y5byVgM+ec8EK/V8e6s1BrMeXYeDM3S3uU22CAN1gecNHGzrA1k2srLtaanZZEfAQ58ie8PN4EUNmRoNGRPRUwR383fXzpAA6fbGcracgqW2uhcmZKwusP60+MzecAA" },
];

export const LOOKS = {
  path: "/flower.jpg", width: 640, height: 427, alt: "The dahlia", placeholder: "data:image/webp;base64,UklGRoYAAABXRUJQVlA4IHoAAADQBACdASoYABAAPzmEuVOvKKWisAgB4CcJbACdL1ACHOmnanNzYqZsI4GcmC9giAD+y+njlHROgmqSCk3vhe8vtbPuVSXdeNKYel94MzcM8trbRtrDIUac/ufGWzQaWrW4gwrHhMnfdwMFb84BB1+jbSVQCk4gUcAAAA==",
  names: ["vintage", "noir", "golden", "cyanotype", "cinema", "lomo"],
};

export const MILL = { path: "/mill.gif", alt: "The logo, a mill of four coloured sails, turning" };
