import fc from 'fast-check';

/** One seed makes a failure come again; set FACTORLOOM_TEST_SEED to look elsewhere. */
fc.configureGlobal({ seed: Number(process.env.FACTORLOOM_TEST_SEED ?? 20261121) });
