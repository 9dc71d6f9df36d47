/* SPDX-License-Identifier: MIT */
/* Every command, one line each, in the order of the help. */
FV_COMMAND(explain)
FV_COMMAND(train)
FV_COMMAND(resume)
FV_COMMAND(show)
FV_COMMAND(check)
FV_COMMAND(convert)
FV_COMMAND(bench)
FV_COMMAND(zoo)
FV_COMMAND(data)
FV_COMMAND(doctor)
FV_COMMAND(help)
FV_COMMAND(version)
