// The case: a tray for a Raspberry Pi 4 or 5, a bay for the pad with its transformers, and a lid whose end is the light.
// All lengths in millimetres. Which part is made: openscad -D 'part="tray"' -o tray.stl box.scad

part = "both"; // [tray, lid, both]

wall = 2.4;      // six lines of a 0.4 mm nozzle: stiff enough to screw into
gap = 0.4;       // between lid and tray, so that printed parts fit without filing
floor_mm = 2.0;

// Raspberry Pi 4 and 5, from the mechanical drawing: 85 x 56, holes 58 x 49 apart, 3.5 from the edges.
pi = [85, 56, 20];
pi_holes = [[3.5, 3.5], [61.5, 3.5], [3.5, 52.5], [61.5, 52.5]];
standoff = [6, 4]; // diameter, height: room for solder joints below the board
screw = 2.2;       // core hole for M2.5

pad_bay = [36, 56]; // two 600:600 transformers and the sound card's stick
margin = 3;

inner = [margin + pi[0] + margin + pad_bay[0] + margin, margin + pi[1] + margin, standoff[1] + pi[2] + 6];
outer = [inner[0] + 2 * wall, inner[1] + 2 * wall, inner[2] + floor_mm];

light = [8 * 10, 14]; // eight pixels, 10 mm apart, behind a translucent strip
window_mm = 0.8;      // two layers of white: light passes, the pixels are not seen one by one

module rounded(size, radius = 4) {
    linear_extrude(size[2]) offset(radius) offset(-radius) square([size[0], size[1]]);
}

module pi_place() { translate([wall + margin, wall + margin, floor_mm]) children(); }

module standoffs() {
    pi_place() for (hole = pi_holes) translate([hole[0], hole[1], 0]) difference() {
        cylinder(d = standoff[0], h = standoff[1], $fn = 32);
        cylinder(d = screw, h = standoff[1] + 1, $fn = 24);
    }
}

module sockets() {
    // USB and Ethernet leave over the pad's bay; power and the cords through the walls.
    translate([-1, wall + margin + 8, floor_mm + standoff[1] - 2]) cube([wall + 2, 40, 9]); // SD card
    translate([wall + margin + 6, -1, floor_mm + standoff[1]]) cube([54, wall + 2, 11]);     // power, HDMI
    for (y = [14, 42]) translate([outer[0] - wall - 1, wall + y, floor_mm + 10])             // line cord, light cord
        rotate([0, 90, 0]) cylinder(d = 7, h = wall + 2, $fn = 32);
    translate([outer[0] - wall - 1, wall + 22, floor_mm + 4]) cube([wall + 2, 15, 14]);      // network
}

module vents() {
    for (x = [0 : 7]) translate([wall + margin + 14 + 8 * x, outer[1] - wall - 1, floor_mm + 8]) cube([3, wall + 2, 12]);
    for (x = [0 : 7]) translate([wall + margin + 14 + 8 * x, wall + 14, -1]) cube([3, 30, floor_mm + 2]);
}

module tray() {
    difference() {
        rounded(outer);
        translate([wall, wall, floor_mm]) cube([inner[0], inner[1], inner[2] + 1]);
        sockets();
        vents();
    }
    standoffs();
    // A wall keeps the telephone's copper, on the primary side of the transformers, away from the computer.
    translate([wall + margin + pi[0] + margin - 1.2, wall, floor_mm]) cube([1.2, inner[1], 8]);
}

module lid() {
    difference() {
        rounded([outer[0], outer[1], wall]);
        translate([(outer[0] - light[0]) / 2, 8, -1]) cube([light[0], light[1], wall + 1 - window_mm]);
        translate([outer[0] - 18, outer[1] / 2 + 8, -1]) cylinder(d = 12.2, h = wall + 2, $fn = 48); // mute button
    }
    translate([wall + gap, wall + gap, -3]) difference() {
        cube([inner[0] - 2 * gap, inner[1] - 2 * gap, 3]);
        translate([1.6, 1.6, -1]) cube([inner[0] - 2 * gap - 3.2, inner[1] - 2 * gap - 3.2, 5]);
    }
}

if (part == "tray" || part == "both") tray();
if (part == "lid") translate([0, outer[1], wall]) rotate([180, 0, 0]) lid(); // lies as it is printed
if (part == "both") translate([0, 0, outer[2] + 18]) lid();
