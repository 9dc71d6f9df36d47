/* SPDX-License-Identifier: MIT */
/* Everything that can be wrong with a data set, the worst first.
   FV_FLAW(id, rank, what happens to it in training, one, many, what to do)
   In `one` and `many` %s is the number; in what to do {} is the file, as a shell takes it, and []
   the other one. A line of what to do that begins with $ is a command. */
FV_FLAW(closed_folder, SERIOUS, REFUSED, "%s folder cannot be read", "%s folders cannot be read",
        "$chmod u+rx {}")
FV_FLAW(missing, SERIOUS, REFUSED, "%s file of the list is not there",
        "%s files of the list are not there", "put them there, or take their lines out")
FV_FLAW(unreadable, SERIOUS, LATER, "%s picture is damaged or cut short",
        "%s pictures are damaged or cut short", "fetch or save them again, or: $rm {}")
FV_FLAW(no_picture, SERIOUS, LATER, "%s file has a picture's name and is none",
        "%s files have a picture's name and are none", "$rm {}")
FV_FLAW(untrained_class, SERIOUS, REFUSED, "%s class of the test part has nothing to learn from",
        "%s classes of the test part have nothing to learn from",
        "give them pictures in the training part, or take them out: $rm -r {}")
FV_FLAW(lone_folder, SERIOUS, REFUSED, "%s folder holds all class folders: one level too many",
        "%s folders hold all class folders: one level too many", "give the inner folder: {}")
FV_FLAW(part_within, SERIOUS, WARNED, "%s folder is named like a part and lies within one",
        "%s folders are named like a part and lie within one",
        "if its pictures belong one level up: $mv {}/* []")
FV_FLAW(part_beside, SERIOUS, WARNED,
        "%s folder named like a test part lies beside classes and is taken for one",
        "%s folders named like a test part lie beside classes and are taken for some",
        "put the classes into a folder train beside it")
FV_FLAW(across_parts, SERIOUS, WARNED, "%s picture is in the training and in the test part",
        "%s pictures are in the training and in the test part",
        "what was learned by heart counts as right in the test: $rm {}")
FV_FLAW(two_classes, SERIOUS, WARNED, "%s picture is in two classes",
        "%s pictures are in two classes", "one of the labels is wrong; look, then: $rm {}")
FV_FLAW(loop, NOTABLE, WARNED, "%s link leads back into its own folder and is not followed",
        "%s links lead back into their own folder and are not followed", "$rm {}")
FV_FLAW(loose, NOTABLE, WARNED, "%s picture lies beside the class folders and has no class",
        "%s pictures lie beside the class folders and have no class", "$mv {} CLASS/")
FV_FLAW(beside, NOTABLE, WARNED, "%s folder beside the parts is left out",
        "%s folders beside the parts are left out", "put what it holds into a part")
FV_FLAW(empty_class, NOTABLE, WARNED, "%s class folder has no pictures and is no class",
        "%s class folders have no pictures and are no classes", "$rmdir {}")
FV_FLAW(folders_only, NOTABLE, SILENT, "%s class folder holds only folders",
        "%s class folders hold only folders",
        "if those are the classes, they belong one level up: $mv {}/* .")
FV_FLAW(untested_class, NOTABLE, WARNED, "%s class has no pictures in the test part",
        "%s classes have no pictures in the test part", "put some of {} there")
FV_FLAW(foreign, NOTABLE, WARNED, "%s picture is of a kind that is not read, and is left out",
        "%s pictures are of kinds that are not read, and are left out",
        "save as PNG or JPEG, as ImageMagick does: $convert {} {}.png")
FV_FLAW(near_across, NOTABLE, SILENT,
        "%s picture of the test part looks like one of the training part",
        "%s pictures of the test part look like some of the training part",
        "look at them; if they are the same: $rm {}")
FV_FLAW(near_classes, NOTABLE, SILENT, "%s picture looks like one of another class",
        "%s pictures look like some of another class",
        "look at them; if one is mislabelled: $rm {}")
FV_FLAW(duplicate, NOTABLE, SILENT, "%s picture is there twice in its class",
        "%s pictures are there twice in their class", "$rm {}")
FV_FLAW(unbalanced, NOTABLE, SILENT, "%s class has far fewer pictures than the largest",
        "%s classes have far fewer pictures than the largest",
        "find more, or expect these to be told worse")
FV_FLAW(wrong_end, MINOR, SILENT, "%s file is of another kind than its name says",
        "%s files are of other kinds than their names say", "they are read all the same; $mv {} []")
FV_FLAW(tiny, MINOR, SILENT, "%s picture is tiny", "%s pictures are tiny",
        "look whether they are thumbnails")
FV_FLAW(extreme, MINOR, SILENT, "%s picture is more than four times as long as wide",
        "%s pictures are more than four times as long as wide", "cut out what matters")
FV_FLAW(huge, MINOR, SILENT, "%s picture is huge, and decoding it takes long",
        "%s pictures are huge, and decoding them takes long",
        "scale down once, as ImageMagick does: $mogrify -resize 1024x1024 {}")
FV_FLAW(mixed, MINOR, SILENT, "%s picture is gray where the others are coloured",
        "%s pictures are gray where others are coloured", "nothing if that is how they will come")
FV_FLAW(by_case, MINOR, SILENT, "%s name differs from another by case only",
        "%s names differ from others by case only",
        "on other systems one replaces the other: $mv {} []")
