#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* Outside of its own runner cmocka would leave by exit(): no stack, no text. */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t blocks = mem_live();

	fuzz_one(data, n);
	mem_fail_at(0);
	CHECK_EQ(mem_live(), blocks);
	return 0;
}
