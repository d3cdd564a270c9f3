#include "command.h"

#include <string.h>

int main(int argc, char **argv)
{
	struct options o;
	int status = options_parse(argc, argv, &o) - 1;

	if (status < 0)
		status = strcmp(o.command, "devices") != 0 ? run(&o) : sound_list(&o);
	report_flush();
	return report_is_lost() && (status == EXIT_OK || status == EXIT_CALL_FAILED) ? EXIT_USAGE : status;
}
