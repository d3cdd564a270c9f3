#include "command.h"

int main(int argc, char **argv)
{
	struct options o;
	int err = options_parse(argc, argv, &o);

	return err ? err - 1 : run(&o);
}
