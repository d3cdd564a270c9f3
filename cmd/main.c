#include "command.h"

#include <string.h>

int main(int argc, char **argv)
{
	struct options o;
	int err = options_parse(argc, argv, &o);

	if (err)
		return err - 1;
	return strcmp(o.command, "devices") != 0 ? run(&o) : sound_list(&o);
}
