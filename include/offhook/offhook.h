/**
 * @file
 * Everything: phone, calls, events, bridge, errors.
 */
#ifndef OFFHOOK_OFFHOOK_H
#define OFFHOOK_OFFHOOK_H

#include "offhook/error.h"
#include "offhook/phone.h"
#include "offhook/call.h"
#include "offhook/codec.h"
#include "offhook/question.h"
#include "offhook/transfer.h"
#include "offhook/session.h"
#include "offhook/edit.h"
#include "offhook/filter.h"
#include "offhook/identity.h"
#include "offhook/event.h"
#include "offhook/registration.h"
#include "offhook/bridge.h"
#include "offhook/file.h"
#include "offhook/levels.h"
#include "offhook/mixing.h"
#include "offhook/conference.h"
#include "offhook/tls.h"
#include "offhook/tone.h"
#include "offhook/security.h"
#include "offhook/trace.h"
#include "offhook/auth.h"
#include "offhook/audio.h"
#include "offhook/device.h"
#include "offhook/message.h"
#include "offhook/presence.h"
#include "offhook/quality.h"
#include "offhook/refer.h"
#include "offhook/render.h"

#endif
