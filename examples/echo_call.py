"""Calls somebody and gives back what they say, until Enter."""
import sys

import pjsua as pj


class Echo(pj.CallCallback):
    def on_media_state(self):
        info = self.call.info()
        if info.media_state == pj.MediaState.ACTIVE:
            pj.Lib.instance().conf_connect(info.conf_slot, info.conf_slot)


lib = pj.Lib()
lib.init()
account = lib.create_account_for_transport(lib.create_transport(pj.TransportType.UDP))
lib.start()
call = account.make_call(sys.argv[1], cb=Echo())
sys.stdin.readline()
lib.destroy()
