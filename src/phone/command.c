#include "phone/command.h"

#include "phone/phone_impl.h"

static _Thread_local uint64_t last_serial;

uint64_t offhook_last_command(void)
{
	return last_serial;
}

/* Runs one with its serial as the cause of whatever happens meanwhile. Nests: an inline handler
 * may command. */
static int run(struct offhook_phone *p, struct command *cmd, bool *ret_deferred)
{
	struct command *outer = p->commands.running;
	uint64_t outer_cause = p->commands.cause;
	int result;

	p->commands.running = cmd;
	p->commands.cause = cmd->serial;
	result = cmd->fn(p, cmd->arg);
	/* A deferred command may have been finished by now, and be gone. */
	*ret_deferred = p->commands.running != cmd;
	p->commands.running = outer;
	p->commands.cause = outer_cause;
	return result;
}

void command_finish(struct command *cmd, int result)
{
	cmd->result = result;
	snprintf(cmd->detail, sizeof(cmd->detail), "%s", result < 0 ? err_detail_text() : "");
	/* Last: the caller's stack holds cmd. */
	sem_post(cmd->done);
}

static int run_here(struct offhook_phone *p, command_fn *fn, void *arg, uint64_t serial)
{
	struct command cmd = {.fn = fn, .arg = arg, .serial = serial};
	bool deferred;
	int result = run(p, &cmd, &deferred);
	char detail[ERR_DETAIL_MAX];

	snprintf(detail, sizeof(detail), "%s", result < 0 ? err_detail_text() : "");
	/* What it caused is handed out before the caller goes on; handlers have error details
	 * of their own. */
	phone_settle(p);
	err_detail(result, "%s", detail);
	return result;
}

static int run_there(struct offhook_phone *p, command_fn *fn, void *arg, uint64_t serial)
{
	struct command cmd = {.fn = fn, .arg = arg, .serial = serial};
	sem_t done;

	sem_init(&done, 0, 0);
	cmd.done = &done;
	command_post(p, &cmd);
	while (sem_wait(&done) != 0)
		;
	sem_destroy(&done);
	err_detail(cmd.result, "%s", cmd.detail);
	return cmd.result;
}

static int execute(struct offhook_phone *p, command_fn *fn, void *arg, uint64_t serial)
{
	bool here = phone_is_here(p);

	err_detail_clear();
	if (here && p->commands.barred)
		return err_detail(OH_EBUSY, "inside a filter of messages");
	return here ? run_here(p, fn, arg, serial) : run_there(p, fn, arg, serial);
}

static int no_phone(void)
{
	return err_detail(OH_EINVAL, "phone is NULL");
}

int phone_command(struct offhook_phone *p, command_fn *fn, void *arg)
{
	uint64_t serial;
	int result;

	if (!p)
		return no_phone();
	serial = atomic_fetch_add_explicit(&p->commands.serial, 1, memory_order_relaxed) + 1;
	result = execute(p, fn, arg, serial);

	/* After: handlers that ran meanwhile in this thread may have commanded too. */
	last_serial = serial;
	return result;
}

int phone_query(struct offhook_phone *p, command_fn *fn, void *arg)
{
	return p ? execute(p, fn, arg, 0) : no_phone();
}

void command_post(struct offhook_phone *p, struct command *cmd)
{
	if (mpsc_push(&p->commands.inbox, &cmd->node))
		host_wake(p->host);
}

struct command *command_defer(struct offhook_phone *p)
{
	struct command *cmd = p->commands.running;

	if (!cmd || !cmd->done)
		return NULL;
	p->commands.running = NULL;
	return cmd;
}

void commands_run(struct offhook_phone *p)
{
	struct mpsc_node *node;

	while ((node = mpsc_pop(&p->commands.inbox))) {
		struct command *cmd = CONTAINER_OF(node, struct command, node);
		bool waited_for = cmd->done != NULL, deferred;
		int result;

		err_detail_clear();
		result = run(p, cmd, &deferred);
		if (!waited_for || deferred)
			continue;
		cmd->result = result;
		snprintf(cmd->detail, sizeof(cmd->detail), "%s", result < 0 ? err_detail_text() : "");
		/* The events that it caused are on their way before its caller goes on. */
		events_flush(p);
		sem_post(cmd->done);
	}
}
