/* What all filters have in common, and two of them as one. */
#include "base/filter.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <stdarg.h>
#include <stdio.h>

static bool is_over(const struct filter *f)
{
	return f->state == FILTER_ENDED || f->state == FILTER_FAILED;
}

int filter_fail(struct filter *f, int err, const char *format, ...)
{
	va_list args;

	if (f->state == FILTER_FAILED)
		return f->err;
	f->state = FILTER_FAILED;
	f->err = err;
	va_start(args, format);
	vsnprintf(f->why, sizeof(f->why), format, args);
	va_end(args);
	return err;
}

/* An error that the filter did not explain. */
static int settle(struct filter *f, int err)
{
	return err ? filter_fail(f, err, "%s: %s", f->ops->name, offhook_strerror(err)) : 0;
}

int filter_start(struct filter *f, const struct filter_sink *sink)
{
	f->sink = *sink;
	f->state = FILTER_OPENING;
	return settle(f, f->ops->start(f));
}

int filter_receive(struct filter *f, struct slice bytes)
{
	if (is_over(f))
		return f->state == FILTER_FAILED ? f->err : 0;
	return settle(f, f->ops->receive(f, bytes));
}

int filter_send(struct filter *f, struct slice payload)
{
	if (is_over(f))
		return OH_ESTATE;
	if (f->state != FILTER_OPEN)
		return OH_EAGAIN;
	return settle(f, f->ops->send(f, payload));
}

void filter_finish(struct filter *f)
{
	if (f->state == FILTER_OPENING || f->state == FILTER_OPEN)
		settle(f, f->ops->finish(f));
	if (f->state != FILTER_FAILED)
		f->state = FILTER_ENDED;
}

bool filter_proves(const struct filter *f, struct slice host)
{
	return f->state == FILTER_OPEN && f->ops->proves && f->ops->proves(f, host);
}

struct filter *filter_free(struct filter *f)
{
	if (f)
		f->ops->free(f);
	return NULL;
}

/* ---- one over the other ---- */

struct both {
	struct filter base;
	struct filter *lower, *upper;
};

/* The state of the two together; the lower one's failure explains more. */
static int follow(struct both *b)
{
	const struct filter *failed = b->lower->state == FILTER_FAILED   ? b->lower
				      : b->upper->state == FILTER_FAILED ? b->upper
									 : NULL;

	if (failed)
		return filter_fail(&b->base, failed->err, "%s", failed->why);
	if (b->lower->state == FILTER_ENDED || b->upper->state == FILTER_ENDED)
		b->base.state = FILTER_ENDED;
	else if (b->lower->state == FILTER_OPEN && b->upper->state == FILTER_OPEN)
		b->base.state = FILTER_OPEN;
	return 0;
}

static int lower_down(void *arg, struct slice bytes)
{
	struct both *b = arg;

	return b->base.sink.down(b->base.sink.arg, bytes);
}

static int upper_down(void *arg, struct slice bytes)
{
	struct both *b = arg;

	return filter_send(b->lower, bytes);
}

static int upper_up(void *arg, struct slice payload)
{
	struct both *b = arg;

	return b->base.sink.up(b->base.sink.arg, payload);
}

static int start_upper(struct both *b)
{
	const struct filter_sink sink = {upper_down, upper_up, b};

	if (b->lower->state != FILTER_OPEN || b->upper->state != FILTER_NEW)
		return 0;
	return filter_start(b->upper, &sink);
}

static int lower_up(void *arg, struct slice payload)
{
	struct both *b = arg;

	/* When the upper one fails, that is not the lower one's failure. */
	if (start_upper(b) == 0)
		filter_receive(b->upper, payload);
	return 0;
}

static int both_start(struct filter *f)
{
	struct both *b = (struct both *)f;
	const struct filter_sink sink = {lower_down, lower_up, b};

	if (filter_start(b->lower, &sink) == 0)
		start_upper(b);
	return follow(b);
}

static int both_receive(struct filter *f, struct slice bytes)
{
	struct both *b = (struct both *)f;

	if (filter_receive(b->lower, bytes) == 0)
		start_upper(b);
	return follow(b);
}

static int both_send(struct filter *f, struct slice payload)
{
	struct both *b = (struct both *)f;

	filter_send(b->upper, payload);
	return follow(b);
}

static int both_finish(struct filter *f)
{
	struct both *b = (struct both *)f;

	filter_finish(b->upper);
	filter_finish(b->lower);
	return follow(b);
}

static void both_free(struct filter *f)
{
	struct both *b = (struct both *)f;

	filter_free(b->upper);
	filter_free(b->lower);
	mem_free(b);
}

static const struct filter_ops both_ops = {
	"both", both_start, both_receive, both_send, both_finish, both_free, NULL};

int filter_over(struct filter *lower, struct filter *upper, struct filter **ret_both)
{
	struct both *b = mem_zalloc(sizeof(*b));

	if (!b)
		return OH_ENOMEM;
	b->base.ops = &both_ops;
	b->base.whole = upper->whole;
	b->lower = lower;
	b->upper = upper;
	*ret_both = &b->base;
	return 0;
}
