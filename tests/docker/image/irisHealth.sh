#!/bin/sh
# Healthy: the instance runs, and its state is no alert (iris-terminal-and-image D.5).
IFS=^ read -r _ _ _ status _ _ _ _ state _ <<END
$(iris qlist IRIS)
END
[ "${status%%,*}" = running ] && [ "$state" != alert ]
