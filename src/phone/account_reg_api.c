/* What the program orders and asks of registrations. */
#include "base/mem.h"
#include "phone/account_reg.h"
#include "phone/phone_impl.h"

void offhook_registration_cfg_init(struct offhook_registration_cfg *cfg)
{
	*cfg = (struct offhook_registration_cfg){
		.size = sizeof(*cfg),
		.register_on_add = 1,
		.expires_s = 300,
		.wait_max_s = 60,
		.refused_wait_s = 1800,
		.contact_rewrite = 1,
		.keepalive_s = 15,
		.keepalive_data = "\r\n",
	};
}

struct register_args {
	offhook_id id;
	bool on;
};

static int register_run(struct offhook_phone *p, void *arg)
{
	const struct register_args *args = arg;
	struct account *a = NULL;
	int err = phone_check_taking(p);

	if (!err)
		err = account_operand(p, args->id, &a);
	if (err)
		return err;
	if (!a->reg)
		return err_detail(OH_ESTATE, "the account has no registrar");
	account_reg_order(a->reg, args->on);
	return 0;
}

int offhook_account_register(struct offhook_phone *phone, offhook_id id, int on)
{
	struct register_args args = {id, on != 0};

	return phone_command(phone, register_run, &args);
}

struct info_args {
	offhook_id id;
	struct offhook_registration_info info;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *args = arg;
	struct account *a = NULL;
	int err = phone_check_open(p);

	if (!err)
		err = account_operand(p, args->id, &a);
	if (err)
		return err;
	account_reg_info(a->reg, &args->info);
	return 0;
}

int offhook_account_get_registration(
	struct offhook_phone *phone, offhook_id id, struct offhook_registration_info *ret_info)
{
	struct info_args args = {.id = id};
	int err = phone_query(phone, info_run, &args);

	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}
