/* Runs every file of the folders it is given, in order of their names, as one TAP test. Without a compiler's help no
 * bytes are invented here; the sanitizers of the build look on. */
#include "fuzz.h"

#include <dirent.h>

static size_t replay_file(const char *folder, const char *name)
{
	char path[1024];
	FILE *file;
	char *data = NULL, *block;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file)
		return 0;
	/* Flushed before: the last one named is the one that crashed. */
	printf("# %s\n", name);
	fflush(stdout);
	if (getdelim(&data, &n, EOF, file) < 0)
		n = 0;
	else
		n = (size_t)ftell(file);
	fclose(file);
	block = feed_block(slice_make(data, n));
	free(data);
	LLVMFuzzerTestOneInput((const uint8_t *)block, n);
	free(block);
	return 1;
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static size_t replay_folder(const char *folder)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_file, alphasort);
	size_t done = 0;

	for (int i = 0; i < n; i++) {
		done += replay_file(folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return done;
}

int main(int argc, char **argv)
{
	size_t done = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	printf("1..1\n");
	for (int i = 1; i < argc; i++)
		done += replay_folder(argv[i]);
	printf("%sok 1 - %zu inputs\n", done ? "" : "not ", done);
	return done ? 0 : 1;
}
