/* What the program orders and asks of buddies. */
#include "phone/buddy.h"

#include "base/mem.h"
#include "phone/phone_impl.h"
#include "phone/uri_text.h"

#define EXPIRES_MIN_S 60u
#define DAY_S         86400u

void offhook_buddy_cfg_init(struct offhook_buddy_cfg *cfg)
{
	*cfg = (struct offhook_buddy_cfg){
		.size = sizeof(*cfg), .expires_s = 3600, .wait_max_s = 300, .refused_wait_s = 1800};
}

static int check(const struct offhook_buddy_cfg *cfg)
{
	if (!cfg->uri)
		return err_detail(OH_EINVAL, "a buddy needs a URI");
	if (cfg->kind != OFFHOOK_BUDDY_PRESENCE && cfg->kind != OFFHOOK_BUDDY_DIALOGS)
		return err_detail(OH_EINVAL, "no such kind of buddy");
	if (cfg->expires_s < EXPIRES_MIN_S || cfg->expires_s > DAY_S)
		return err_detail(OH_EINVAL, "expires_s is %u to %u", EXPIRES_MIN_S, DAY_S);
	if (cfg->wait_max_s < 1 || cfg->wait_max_s > DAY_S || cfg->refused_wait_s > DAY_S)
		return err_detail(OH_EINVAL, "wait_max_s is 1 to %u, refused_wait_s at most that", DAY_S);
	return 0;
}

struct add_args {
	struct buddy_args buddy;
	offhook_id id;
};

static int add_run(struct offhook_phone *p, void *arg)
{
	struct add_args *args = arg;
	struct account *a = args->buddy.account ? account_find(p, args->buddy.account) : p->default_account;
	struct buddy *b;
	int err = phone_check_taking(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, "no such account");
	args->buddy.account = a->id;
	err = buddy_new(p, &args->buddy, &b);
	if (err)
		return err;
	args->id = b->id;
	if (args->buddy.cfg.subscribe)
		buddy_order(b, true);
	return 0;
}

int offhook_buddy_add(struct offhook_phone *phone, offhook_id account, const struct offhook_buddy_cfg *cfg,
	offhook_id *ret_id)
{
	struct add_args args = {.buddy = {.account = account}};
	int err;

	err_detail_clear();
	offhook_buddy_cfg_init(&args.buddy.cfg);
	err = cfg_take(&args.buddy.cfg, sizeof(args.buddy.cfg), cfg);
	if (!err)
		err = check(&args.buddy.cfg);
	if (!err)
		err = phone_command(phone, add_run, &args);
	if (!err)
		*ret_id = args.id;
	return err;
}

static int find(const struct offhook_phone *p, offhook_id id, struct buddy **ret_buddy)
{
	*ret_buddy = ids_find(&p->ids, ID_BUDDY, id);
	return *ret_buddy ? 0 : err_detail(OH_ENOENT, "no such buddy");
}

static int remove_run(struct offhook_phone *p, void *arg)
{
	const offhook_id *id = arg;
	struct buddy *b;
	int err = phone_check_open(p);

	if (!err)
		err = find(p, *id, &b);
	if (!err)
		buddy_free(b);
	return err;
}

int offhook_buddy_remove(struct offhook_phone *phone, offhook_id id)
{
	return phone_command(phone, remove_run, &id);
}

struct subscribe_args {
	offhook_id id;
	bool on;
};

static int subscribe_run(struct offhook_phone *p, void *arg)
{
	const struct subscribe_args *args = arg;
	struct buddy *b;
	int err = phone_check_taking(p);

	if (!err)
		err = find(p, args->id, &b);
	if (!err)
		buddy_order(b, args->on);
	return err;
}

int offhook_buddy_subscribe(struct offhook_phone *phone, offhook_id id, int on)
{
	struct subscribe_args args = {id, on != 0};

	return phone_command(phone, subscribe_run, &args);
}

struct info_args {
	offhook_id id;
	struct offhook_buddy_info info;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *args = arg;
	struct buddy *b;
	int err = phone_check_open(p);

	if (!err)
		err = find(p, args->id, &b);
	if (!err)
		buddy_fill_info(b, &args->info);
	return err;
}

int offhook_buddy_get_info(struct offhook_phone *phone, offhook_id id, struct offhook_buddy_info *ret_info)
{
	struct info_args args = {.id = id};
	int err = phone_query(phone, info_run, &args);

	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}
